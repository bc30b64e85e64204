import ArgumentParser
import OceanControlAPI

extension SessionTreatment: ExpressibleByArgument {}
