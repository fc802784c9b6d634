#pragma once

// The messages that are sent.

#include <bench.pb.h>

#include <cstddef>
#include <string>

namespace bench {

/// Of exactly this many bytes when serialized, from 48 on.
inline Sample makeSample(std::size_t bytes) {
  Sample sample;
  sample.set_number(123456);
  sample.set_time(1700000000000000000u);
  sample.set_value(21.5);
  sample.set_source("boiler-7");
  std::size_t body = bytes - sample.ByteSizeLong();
  do {
    sample.set_body(std::string(body--, 'x'));
  } while (sample.ByteSizeLong() > bytes);
  return sample;
}

inline Blob makeBlob(std::size_t bytes) {
  Blob blob;
  std::size_t body = bytes;
  do {
    blob.set_body(std::string(body--, 'x'));
  } while (blob.ByteSizeLong() > bytes);
  return blob;
}

inline std::string sizeName(std::size_t bytes) {
  if (bytes >= 1 << 20) return std::to_string(bytes >> 20) + " MiB";
  if (bytes >= 1 << 10) return std::to_string(bytes >> 10) + " KiB";
  return std::to_string(bytes) + " B";
}

}  // namespace bench
