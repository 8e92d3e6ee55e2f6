# SPDX-License-Identifier: Apache-2.0
"""Huey with file storage and the consumer's default polling (0.1 s growing to 10 s)."""
import huey_file


class Peer(huey_file.Peer):
    flags = ["-k", "thread"]
