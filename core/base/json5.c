#include "base/json5.h"
