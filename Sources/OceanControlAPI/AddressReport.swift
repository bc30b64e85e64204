package import OceanAddresses
package import OceanPlan

/// Which address, for which service.
package struct AddressQuestion: Sendable, Hashable, Codable {
  package var address: IPAddress
  package var service: String

  package init(address: IPAddress, service: String) {
    self.address = address
    self.service = service
  }
}

/// What a server knows of an address.
package struct AddressReport: Sendable, Hashable, Codable {
  package var formatVersion = ControlAPI.formatVersion
  /// Of the running plan.
  package var plan: Digest
  package var state: AddressState

  package init(plan: Digest, state: AddressState) {
    self.plan = plan
    self.state = state
  }
}
