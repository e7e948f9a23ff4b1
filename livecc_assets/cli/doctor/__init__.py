"""What this machine has: each thing that some part of the graph can use, and the remedy where it is absent.

A finding is ``required`` when the sample profile (``livecc demo``) cannot run without it. Whatever else is absent is
information: no GPU, hub, S3, Kubernetes or Docker is the ordinary state of a laptop. ``exit_code`` is 0 when every
required finding is ok, else 1.

Every question to the network has a time-out of a few seconds, and the questions are asked at the same time.
"""
