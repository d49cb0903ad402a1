#include "move/sink.h"
