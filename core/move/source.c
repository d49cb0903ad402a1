#include "move/source.h"
