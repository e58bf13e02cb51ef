"""Certificates for the tests, made with the openssl program in a directory that goes with them."""
import subprocess
from pathlib import Path


NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


class Certificates:
    def __init__(self, directory):
        self.directory = Path(directory)
        self.self_signed("ca", "test authority")
        self.signed("server", "localhost", "ca", "subjectAltName=DNS:localhost,IP:127.0.0.1")

    def path(self, name):
        return str(self.directory / name)

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)

    def self_signed(self, name, common_name):
        self.openssl("req", "-x509", *NEW_KEY, "-days", "7",
                     "-subj", f"/CN={common_name}", "-keyout", self.path(name + ".key"),
                     "-out", self.path(name + ".crt"))

    def signed(self, name, common_name, authority, extension="basicConstraints=CA:FALSE", days=7):
        self.openssl("req", *NEW_KEY, "-subj", f"/CN={common_name}",
                     "-keyout", self.path(name + ".key"), "-out", self.path(name + ".csr"))
        (self.directory / (name + ".ext")).write_text(extension + "\n")
        self.openssl("x509", "-req", "-days", str(days), "-in", self.path(name + ".csr"),
                     "-CA", self.path(authority + ".crt"), "-CAkey", self.path(authority + ".key"),
                     "-CAcreateserial", "-extfile", self.path(name + ".ext"),
                     "-out", self.path(name + ".crt"))

    def serial(self, name):
        done = subprocess.run(["openssl", "x509", "-in", self.path(name), "-noout", "-serial"],
                              check=True, capture_output=True, text=True, timeout=60)
        return done.stdout.strip().split("=")[1]
