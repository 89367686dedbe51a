"""What the scripts, the benchmark and the tests share: MarianMT directories, files that appear whole, the C program."""
