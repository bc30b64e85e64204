import ArgumentParser
import OceanPlan

extension SessionTreatment: ExpressibleByArgument {}
