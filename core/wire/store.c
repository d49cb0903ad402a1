#include "wire/store.h"
