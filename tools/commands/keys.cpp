// dividere keygen NAME, dividere keys check: makes the keys of a program, and looks at those that are there.
//
// SPDX-License-Identifier: MIT

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>

#include "../command.hpp"
#include "../key_folder.hpp"
#include "../printer.hpp"
#include "output.pb.h"

namespace tool {

namespace {

struct KeygenOptions {
  std::string name;
  std::string directory = "keys";
};

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

void makeKeys(const KeygenOptions& options) {
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

int makeChecked(const KeygenOptions& options) {
  if (options.name.empty() || options.name.find_first_of("/\"\n") != std::string::npos) {
    throw UsageError("NAME becomes the name of a file: it must not be empty, or have a slash, a quote or a line's end");
  }
  makeKeys(options);
  return kOk;
}

int check(const Common& common, const std::string& directory) {
  Printer printer(common.json);
  bool isWell = true;
  checkKeys(directory, [&](const dividere::tool::Finding& finding) {
    isWell = isWell && finding.verdict() != "wrong";
    printer.print(finding);
  });
  printer.finish();
  return isWell ? kOk : kFailed;
}

}  // namespace

void addKeys(CLI::App& app, const Common& common, Action& action) {
  const auto options = std::make_shared<KeygenOptions>();
  auto* keygen = addCommand(app, "keygen", "makes a pair of keys for a program, and tells what to copy where", action,
                            [options] { return makeChecked(*options); });
  keygen->add_option("name", options->name, "what others call the program")->required();
  keygen->add_option("--dir", options->directory, "the folder of keys")->capture_default_str();

  const auto directory = std::make_shared<std::string>("keys");
  auto* keys = app.add_subcommand("keys", "looks at a folder of keys")->require_subcommand(1);
  auto* checked = addCommand(*keys, "check", "says what is wrong with a folder of keys", action,
                             [&common, directory] { return check(common, *directory); });
  checked->add_option("--dir", *directory, "the folder of keys")->capture_default_str();
}

}  // namespace tool
