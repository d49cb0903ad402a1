#include "move/transfer.h"
