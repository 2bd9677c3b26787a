"""The embedded authority over HTTP: the endpoints that Sigstore clients speak to."""
