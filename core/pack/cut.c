#include "pack/cut.h"
