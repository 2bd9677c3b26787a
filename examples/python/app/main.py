"""Counts words with a function in C and shows them with a library from a hashed requirements file."""

import click
import fast

click.echo(f"{fast.count('from source to image')} words")
