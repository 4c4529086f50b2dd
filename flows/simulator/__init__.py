"""Local servers that answer as the six sources do, with faults on demand; all of it invented."""

from flows.simulator.faults import Fault, FaultKind, Faults
from flows.simulator.server import Simulator
from flows.simulator.world import World

__all__ = ["Fault", "FaultKind", "Faults", "Simulator", "World"]
