"""One module for each outside system: file formats, files, iterators, callables."""
