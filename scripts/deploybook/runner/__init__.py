"""One run over many sections: which kernel executes which notebook, what is reported, and how progress is shown."""
