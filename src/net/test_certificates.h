// Certificates for tests, made with the openssl program in a directory that goes with them.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace weir::net::testing {

class Certificates {
 public:
  Certificates() {
    char name[] = "/tmp/weir-certificates-XXXXXX";
    directory_ = ::mkdtemp(name);
  }
  ~Certificates() { std::filesystem::remove_all(directory_); }
  std::string path(const std::string& file) const { return directory_ + "/" + file; }

  // NAME.crt and NAME.key: its own authority.
  void make_self_signed(const std::string& name, const std::string& common_name) {
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 7 -subj '/CN=" +
        common_name + "' -addext 'subjectAltName=DNS:" + common_name + "' -keyout " +
        path(name + ".key") + " -out " + path(name + ".crt"));
  }
  // NAME.crt and NAME.key, signed by AUTHORITY.
  void make_signed(const std::string& name, const std::string& common_name,
                   const std::string& authority, int days = 7) {
    run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/O=x/CN=" +
        common_name + "' -keyout " + path(name + ".key") + " -out " + path(name + ".csr"));
    run("openssl x509 -req -days " + std::to_string(days) + " -in " + path(name + ".csr") +
        " -CA " + path(authority + ".crt") + " -CAkey " + path(authority + ".key") +
        " -CAcreateserial" + " -out " + path(name + ".crt"));
  }
  // A new file in the place of the old one, as renewal does it.
  void replace(const std::string& file, const std::string& by) {
    std::filesystem::copy_file(path(by), path(file + ".new"));
    std::filesystem::rename(path(file + ".new"), path(file));
  }

 private:
  static void run(const std::string& command) {
    REQUIRE_MESSAGE(std::system((command + " 2>/dev/null").c_str()) == 0, command);
  }
  std::string directory_;
};

}  // namespace weir::net::testing
