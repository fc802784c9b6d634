#pragma once

#include <string>

#include "golden.pb.h"

namespace support {

inline Msg01 msg01(const std::string& text) {
  Msg01 message;
  message.set_field1(text);
  return message;
}

inline Msg02 msg02(const std::string& text, int number) {
  Msg02 message;
  message.set_field1(text);
  message.set_field2(number);
  return message;
}

inline Msg02 msg02(int number) { return msg02("", number); }

}  // namespace support
