#pragma once
#include "CLinuxProcess.h"
#include "CLinuxFiles.h"
#include "CLinuxMemory.h"
#include "CLinuxSockets.h"
