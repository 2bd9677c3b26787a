"""The demonstration's application: it says who it is, and that what it needs is there."""

import ssl
import sys

import flask
import requests

cas = len(ssl.create_default_context().get_ca_certs())
print(f"flask {flask.__version__}, requests {requests.__version__}, Python {sys.version.split()[0]}, {cas} trusted CAs")
