// The one source that holds dividere.
#define DIVIDERE_IMPLEMENTATION
#include <dividere.hpp>
