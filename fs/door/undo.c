#include "door/door_impl.h"
