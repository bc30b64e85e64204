package import OceanControlAPI
package import OceanHost
package import OceanPlan

extension ControlClient {
  /// The plan that the server runs.
  ///
  /// - Parameters:
  ///   - loaded: what somebody named; it is not asked for again if it runs.
  ///   - warn: is told if another plan runs.
  package func runningPlan(
    insteadOf loaded: LoadedPlan, warn: (String) -> Void
  ) throws(Failure) -> PlanFile {
    let digest = try status().plan
    guard digest != loaded.file.digest else { return loaded.file }
    warn(
      "this explains plan \(digest.short), which runs; \(loaded.path) gives another, \(loaded.file.digest.short)"
    )
    return try plan()
  }

  /// What the server knows of an address.
  ///
  /// - Parameter file: the plan that the answer is about.
  package func state(_ question: AddressQuestion, under file: PlanFile) throws(Failure) -> AddressState {
    let report = try address(question)
    guard report.plan == file.digest else {
      throw Failure("plan \(report.plan.short) has begun to run meanwhile: ask again")
    }
    return report.state
  }
}
