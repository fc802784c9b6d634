// Other headers include it before, between and after: the implementation comes once, where the macro is.
#include <dividere.hpp>

#include "../exchange.hpp"
#define DIVIDERE_IMPLEMENTATION
#include <dividere.hpp>

#include "greeting.pb.h"
#undef DIVIDERE_IMPLEMENTATION
#include <dividere.hpp>
