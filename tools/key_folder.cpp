// SPDX-License-Identifier: MIT

#include "key_folder.hpp"

#include <algorithm>
#include <dividere.hpp>
#include <dividere/connection/detail/certificate.hpp>
#include <filesystem>
#include <vector>

namespace tool {

namespace files = std::filesystem;

dividere::tool::Finding finding(const std::string& what, const std::string& verdict, const std::string& says) {
  dividere::tool::Finding result;
  result.set_what(what);
  result.set_verdict(verdict);
  result.set_says(says);
  return result;
}

static std::vector<files::path> sorted(const files::path& folder) {
  std::vector<files::path> paths;
  std::error_code ignored;
  for (files::directory_iterator entry(folder, ignored), end; !ignored && entry != end; entry.increment(ignored)) {
    paths.push_back(entry->path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

static bool isRuleFolder(const std::string& name) {
  return name == "servers" || name == "authorized" || name.rfind("authorized.", 0) == 0;
}

static void checkCertificate(const files::path& path, const Find& find) {
  if (path.extension() != ".key") {
    find(finding(path.string(), "warning", "is not read: its name does not end in .key"));
    return;
  }
  try {
    const auto certificate = dividere::detail::readCertificate(path.string());
    const bool isSecret = !certificate.secretKey.empty();
    find(finding(path.string(), isSecret ? "wrong" : "ok",
                 isSecret ? "holds a secret key: only the public one belongs here" : certificate.publicKey));
  } catch (const dividere::Error& error) {
    find(finding(path.string(), "wrong", error.what()));
  }
}

static void checkSelf(const std::string& directory, const Find& find) {
  const auto path = directory + "/self.key_secret";
  try {
    find(finding(path, "ok", dividere::Keys::folder(directory)->self().publicKey));
  } catch (const dividere::Error& error) {
    find(finding(path, "wrong", error.what()));
  }
}

void checkKeys(const std::string& directory, const Find& find) {
  checkSelf(directory, find);
  for (const auto& folder : sorted(directory)) {
    if (!isRuleFolder(folder.filename().string())) continue;
    const auto certificates = sorted(folder);
    if (certificates.empty()) find(finding(folder.string(), "warning", "is empty: it names nobody"));
    for (const auto& path : certificates) checkCertificate(path, find);
  }
}

}  // namespace tool
