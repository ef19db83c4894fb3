"""What benchmarks read and write: layouts of data sets, annotation files, predictions."""
