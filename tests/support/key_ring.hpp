#pragma once

#include <dividere.hpp>

#include <sys/stat.h>
#include <zmq.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "temp_dir.hpp"

namespace support {

inline void writeFile(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path + ".new") << text;
  std::filesystem::rename(path + ".new", path);
}

/// A program's folder of keys, with a fresh pair of its own.
class KeyRing {
 public:
  explicit KeyRing(std::string name) : name_(std::move(name)) { renew(); }

  /// Another pair from now on.
  void renew() {
    char publicKey[41], secretKey[41];
    zmq_curve_keypair(publicKey, secretKey);
    publicKey_ = publicKey;
    secretKey_ = secretKey;
    writeFile(path("self.key_secret.new"), text(true));
    ::chmod(path("self.key_secret.new").c_str(), S_IRUSR | S_IWUSR);
    std::filesystem::rename(path("self.key_secret.new"), path("self.key_secret"));
  }

  const std::string& name() const { return name_; }
  const std::string& key() const { return publicKey_; }
  const std::string& secretKey() const { return secretKey_; }
  std::string directory() const { return directory_.path("keys"); }
  std::string path(const std::string& file) const { return directory() + "/" + file; }

  /// A certificate as CZMQ writes it.
  std::string text(bool withSecret = false) const {
    return "#   a certificate\nmetadata\n    name = \"" + name_ + "\"\ncurve\n    public-key = \"" + publicKey_ +
           "\"\n" + (withSecret ? "    secret-key = \"" + secretKey_ + "\"\n" : "");
  }

  /// This program lets the other one in, and may connect to it.
  void admits(const KeyRing& other, const std::string& group = "authorized") {
    writeFile(path(group + "/" + other.name() + ".key"), other.text());
  }
  void knows(const KeyRing& other, const std::string& as = "") {
    writeFile(path("servers/" + (as.empty() ? other.name() : as) + ".key"), other.text());
  }
  void remove(const std::string& file) { std::filesystem::remove(path(file)); }

  std::shared_ptr<dividere::Keys> keys() const { return dividere::Keys::folder(directory()); }

  /// For sockets that have these keys.
  dividere::connection::SocketOptions options() const {
    dividere::connection::SocketOptions made;
    made.keys = keys();
    return made;
  }
  dividere::connection::SocketOptions options(dividere::connection::SocketOptions made) const {
    made.keys = keys();
    return made;
  }

 private:
  const std::string name_;
  const TempDir directory_;
  std::string publicKey_, secretKey_;
};

/// A host and a client that know each other.
struct Acquainted {
  KeyRing host{"host"}, client{"client"};
  Acquainted() {
    host.admits(client);
    client.knows(host);
  }
};

}  // namespace support
