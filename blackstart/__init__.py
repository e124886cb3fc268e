"""blackstart: bare-metal Arch Linux machines to a healthy Kubernetes cluster, and back from dark."""

__version__ = "0.1.0"
