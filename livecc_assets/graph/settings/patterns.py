"""How texts in settings files must be written, and the words that tell it."""

DEVICE = r"^(cpu|cuda(:\d+)?)$"
#: As Kubernetes writes sizes.
QUANTITY = r"^\d+(\.\d+)?(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$"
#: An address of a server, or nothing.
WEB_ADDRESS = r"^(https?://.+)?$"
ABSOLUTE_PATH = "^/"
#: As Docker writes a folder of the host and its place in the container.
MOUNT = r"^[^:]+:/[^:]*(:(ro|rw))?$"
#: As Kubernetes names objects (a DNS label, or several with dots).
KUBERNETES_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
PROFILE_NAME = r"^\w[\w.-]*$"
SAMPLE_WORLD = "^sample-world$"
#: As Dagster takes owners of assets.
OWNER = r"^(team:\w+|\w[\w.%+-]*@[A-Za-z0-9.-]+\.[A-Za-z]{2,7})$"

#: What stands after "must be written".
WRITTEN = {
    DEVICE: "cpu, cuda, or cuda:0 for one GPU of several",
    QUANTITY: "as a size, such as 512Mi or 16Gi",
    WEB_ADDRESS: "as an address that begins with http:// or https://",
    ABSOLUTE_PATH: "as an absolute path",
    MOUNT: "host:/container, with :ro after it for reading only",
    KUBERNETES_NAME: "as a Kubernetes name: small letters, digits and -",
    PROFILE_NAME: "as a name: letters, digits, _, - and .",
    SAMPLE_WORLD: "sample-world",
    OWNER: "as an address of e-mail, or team:NAME with letters, digits and _",
}
