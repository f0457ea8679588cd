"""`python -m textsynth`: the command line where the console script is not on the path."""

from textsynth import cli

if __name__ == "__main__":
    cli.main()
