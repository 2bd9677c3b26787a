"""The image itself: references, manifests, layers, the merged root."""
