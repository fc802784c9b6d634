// The macro stays defined, and the header comes again.
#define DIVIDERE_IMPLEMENTATION
#include <dividere.hpp>
