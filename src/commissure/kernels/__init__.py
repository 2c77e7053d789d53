"""What runs on the chip itself: kernels for AWS Neuron, and whether this machine can compile them."""
