import OceanPlan

/// The defaults of settings that are not themselves values of the plan. Those of the plan are in its
/// catalogue.
enum Defaults {
  static let port = 110
  static let tlsPort = 995
  static let state = Plan.Server.state.defaultValue
  static let profile = Plan.Service.TLS.profile.defaultValue
}
