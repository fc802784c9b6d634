#pragma once

// One certificate file, as CZMQ and pyzmq write it.

#include <string>
#include <string_view>

namespace dividere::detail {

/// The keys in a certificate; a public one has no secret key.
struct Certificate {
  std::string publicKey, secretKey;
};

/// Whether the text is a key in Z85.
bool isKey(std::string_view text);

/// Reads a certificate's text: ZPL, with the keys in its section `curve`. `path` names it in errors, which show nothing
/// else of it. Throws Error{malformed}.
Certificate parseCertificate(const std::string& path, std::string_view text);

/// The same from a file. Throws Error if it cannot be read, or is larger than any certificate.
Certificate readCertificate(const std::string& path);

/// The same of a secret one: it must have both keys, which fit, and be for nobody's eyes but its owner's.
Certificate readSecretCertificate(const std::string& path);

/// Throws std::errc::not_supported unless libzmq has CURVE.
void requireCurve();

/// The 32 bytes of a key as text.
std::string asKeyText(std::string_view bytes);

/// Overwrites the text before it is forgotten.
void wipe(std::string& secret) noexcept;

}  // namespace dividere::detail
