"""What is known of models, chips and endpoints: records, the files that come with the package, and what follows."""
