#include "move/pull.h"
