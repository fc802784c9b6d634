// dividere keygen NAME [--dir keys]: makes a pair of keys for a program, and tells what to copy where.
//
// SPDX-License-Identifier: MIT

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

constexpr const char* kUsage =
    "dividere keygen NAME [--dir keys]\n"
    "  makes keys/self.key_secret, the program's own certificate, which nobody else may have,\n"
    "  and keys/NAME.key, which goes to those that the program talks to.\n";

struct Options {
  std::string name;
  std::string directory = "keys";
};

/// False if that is not how it is called.
bool readOptions(int argc, char** argv, Options& options) {
  if (argc < 3 || std::string(argv[1]) != "keygen") return false;
  for (int i = 2; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--dir" && i + 1 < argc) {
      options.directory = argv[++i];
    } else if (argument[0] != '-' && options.name.empty()) {
      options.name = argument;
    } else {
      return false;
    }
  }
  return !options.name.empty() && options.name.find_first_of("/\"\n") == std::string::npos;
}

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

void makeDirectory(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) fail(path);
}

/// Never in place of a file that is there: that would be the end of a key in use.
void write(const std::string& path, const std::string& text, mode_t mode) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) fail(path);
  const auto written = ::write(file, text.data(), text.size());
  if (::close(file) != 0 || written != static_cast<ssize_t>(text.size())) fail(path);
}

/// As CZMQ writes it.
std::string certificate(const std::string& name, const std::string& publicKey, const std::string& secretKey) {
  std::string text = secretKey.empty() ? "#   A public certificate: for everyone to know.\n"
                                       : "#   A SECRET certificate: for nobody but the program whose it is.\n";
  text += "metadata\n    name = \"" + name + "\"\ncurve\n    public-key = \"" + publicKey + "\"\n";
  if (!secretKey.empty()) text += "    secret-key = \"" + secretKey + "\"\n";
  return text;
}

void makeKeys(const Options& options) {
  char publicKey[41], secretKey[41];
  if (zmq_curve_keypair(publicKey, secretKey) != 0) fail("this libzmq was built without CURVE");
  const std::string self = options.directory + "/self.key_secret";
  const std::string shown = options.directory + "/" + options.name + ".key";
  makeDirectory(options.directory, 0700);
  makeDirectory(options.directory + "/servers", 0755);
  makeDirectory(options.directory + "/authorized", 0755);
  write(self, certificate(options.name, publicKey, secretKey), 0600);
  write(shown, certificate(options.name, publicKey, ""), 0644);
  std::cout << "made " << self << ": keep it here, it is secret\n"
            << "made " << shown << ": copy it\n"
            << "  to servers/" << options.name << ".key of those that connect to " << options.name << "\n"
            << "  to authorized/" << options.name << ".key of those that " << options.name << " connects to\n"
            << "then: dividere::secure(\"" << options.directory << "\"), or DIVIDERE_KEYS=" << options.directory
            << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!readOptions(argc, argv, options)) {
    std::cerr << kUsage;
    return 2;
  }
  try {
    makeKeys(options);
  } catch (const std::exception& error) {
    std::cerr << "dividere keygen: " << error.what() << "\n";
    return 1;
  }
}
