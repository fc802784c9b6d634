#include "certificate.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "../../core/detail/owned_descriptor.hpp"
#include "../../core/error.hpp"

namespace dividere::detail {

constexpr std::size_t kKeyLength = 40;
constexpr std::size_t kKeyBytes = 32;
constexpr off_t kLargestCertificate = 64 * 1024;

bool isKey(std::string_view text) {
  constexpr std::string_view kDigits =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
  if (text.size() != kKeyLength || text.find_first_not_of(kDigits) != std::string_view::npos) return false;
  // Five digits are a number that must fit in four bytes: libzmq would cut it, and take two texts for one key.
  for (std::size_t i = 0; i < kKeyLength; i += 5) {
    std::uint64_t number = 0;
    for (const char digit : text.substr(i, 5)) number = number * 85 + kDigits.find(digit);
    if (number > 0xffffffffu) return false;
  }
  return true;
}

static std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// The text without its quotes; not more of a value that has none than a comment leaves.
static std::string_view unquoted(std::string_view value) {
  value = trimmed(value);
  if (!value.empty() && (value[0] == '"' || value[0] == '\'')) {
    return value.substr(1, value.find(value[0], 1) - 1);
  }
  return trimmed(value.substr(0, value.find(" #")));
}

/// Takes the line's key, if it has one. False if that is none.
static bool takeKey(std::string_view content, Certificate& certificate) {
  const auto equals = content.find('=');
  if (equals == std::string_view::npos) return true;
  const std::string_view name = trimmed(content.substr(0, equals));
  if (name != "public-key" && name != "secret-key") return true;
  const std::string_view key = unquoted(content.substr(equals + 1));
  (name == "public-key" ? certificate.publicKey : certificate.secretKey) = key;
  return isKey(key);
}

Certificate parseCertificate(const std::string& path, std::string_view text) {
  Certificate certificate;
  bool isCurve = false;
  for (int number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view content = trimmed(line);
    if (content.empty() || content[0] == '#') continue;
    const bool isSection = line[0] != ' ' && line[0] != '\t';
    if (isSection) isCurve = content == "curve";
    if (!isCurve || isSection || takeKey(content, certificate)) continue;
    throw Error(Errc::malformed, path + ": line " + std::to_string(number) + ": " +
                                     std::string(trimmed(content.substr(0, content.find('=')))) +
                                     " is no key of 40 characters");
  }
  if (certificate.publicKey.empty()) {
    throw Error(Errc::malformed, path + ": there is no public-key in a section curve: this is no certificate");
  }
  return certificate;
}

static std::string readCertificateText(const std::string& path, int descriptor, off_t size) {
  if (size > kLargestCertificate) throw Error(Errc::tooLarge, path + ": this is no certificate");
  std::string text(static_cast<std::size_t>(size), '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const auto count = ::read(descriptor, &text[filled], text.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Error({errno, std::generic_category()}, path);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  text.resize(filled);
  return text;
}

/// Opens a plain file, and says what it is; waits for nobody if it is a pipe.
static OwnedDescriptor openCertificate(const std::string& path, struct stat& what) {
  OwnedDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file || ::fstat(file.get(), &what) != 0) throw Error({errno, std::generic_category()}, path);
  if (!S_ISREG(what.st_mode)) throw Error(Errc::malformed, path + ": this is no file");
  return file;
}

Certificate readCertificate(const std::string& path) {
  struct stat what {};
  const OwnedDescriptor file = openCertificate(path, what);
  std::string text = readCertificateText(path, file.get(), what.st_size);
  Certificate certificate = parseCertificate(path, text);
  wipe(text);
  return certificate;
}

static void requirePair(const std::string& path, const Certificate& certificate) {
  if (certificate.secretKey.empty()) throw Error(Errc::malformed, path + ": there is no secret-key");
  char derived[kKeyLength + 1];
  if (zmq_curve_public(derived, certificate.secretKey.c_str()) != 0)
    throw Error({errno, std::generic_category()}, path);
  if (certificate.publicKey != derived) throw Error(Errc::malformed, path + ": the keys do not belong together");
}

Certificate readSecretCertificate(const std::string& path) {
  struct stat what {};
  const OwnedDescriptor file = openCertificate(path, what);
  if ((what.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw Error(std::make_error_code(std::errc::permission_denied),
                path + ": others than its owner may use this secret key. If nobody has read it: chmod 600 " + path);
  }
  std::string text = readCertificateText(path, file.get(), what.st_size);
  Certificate certificate = parseCertificate(path, text);
  wipe(text);
  requirePair(path, certificate);
  return certificate;
}

void requireCurve() {
  if (zmq_has("curve") != 0) return;
  throw Error(std::make_error_code(std::errc::not_supported),
              "dividere::secure: this libzmq was built without CURVE; Debian's and Conan's have it, vcpkg's as "
              "zeromq[curve]");
}

std::string asKeyText(std::string_view bytes) {
  char text[kKeyLength + 1] = "";
  if (bytes.size() == kKeyBytes) {
    zmq_z85_encode(text, reinterpret_cast<const std::uint8_t*>(bytes.data()), kKeyBytes);
  }
  return text;
}

void wipe(std::string& secret) noexcept {
  volatile char* const bytes = secret.data();
  for (std::size_t i = 0; i < secret.size(); ++i) bytes[i] = '\0';
  secret.clear();
}

}  // namespace dividere::detail
