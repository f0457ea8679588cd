"""The language model: fine-tuned on scrubbed patterns, it invents new ones."""
