"""The door in front of the web pages: who is let in, from which page, under which name."""

from resources.door.door import Door, door_from_environment

__all__ = ["Door", "door_from_environment"]
