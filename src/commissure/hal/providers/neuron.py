"""vLLM on AWS Neuron: Trainium and Inferentia behind vLLM's server.

aws-neuron/aws-neuron-sdk: vllm-neuron/docs/guides/features-guide.md, vllm-neuron/docs/design/vllm/metrics.md.

Hints are vLLM's: prefixes are cached by default there too, in as many blocks as --num-gpu-blocks-override says.
"""

from __future__ import annotations

from commissure.hal.provider import Provider
from commissure.hal.providers.vllm import CAPABILITIES, VllmCodec
from commissure.hal.wire.metrics import NEURON

PROVIDER = Provider(
    codec=VllmCodec,
    key_variables=("VLLM_API_KEY",),
    key_required=False,
    capabilities=CAPABILITIES,
    metrics=NEURON,
)
