#include "move/push.h"
