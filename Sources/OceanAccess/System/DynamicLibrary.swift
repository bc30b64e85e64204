internal import Glibc
internal import Synchronization

/// A library of the distribution that is loaded only if a config needs it.
struct DynamicLibrary: @unchecked Sendable {
  // Never closed: what it has given may be in use.
  private let handle: UnsafeMutableRawPointer
  private let name: String
  private let package: String

  /// - Parameters:
  ///   - name: such as `libpq.so.5`.
  ///   - package: Debian's package that has it.
  init(_ name: String, package: String) throws(BackendError) {
    guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else {
      throw .missingLibrary(name, package: package)
    }
    (self.handle, self.name, self.package) = (handle, name, package)
  }

  /// A function of the library. The type must be that of its header.
  func function<Function>(_ symbol: String, as type: Function.Type = Function.self) throws(BackendError)
    -> Function
  {
    guard let address = dlsym(handle, symbol) else {
      throw .missingLibrary("\(symbol) of \(name)", package: package)
    }
    return unsafeBitCast(address, to: type)
  }
}

/// The functions of a library that may be missing. They are looked for again as long as it is: somebody may install it.
final class LibraryFunctions<Functions: Sendable>: Sendable {
  typealias Load = @Sendable () throws(BackendError) -> Functions

  private let load: Load
  private let loaded = Mutex<Functions?>(nil)

  init(_ load: @escaping Load) { self.load = load }

  func get() throws(BackendError) -> Functions {
    try loaded.withLock { loaded throws(BackendError) in
      if let loaded { return loaded }
      let functions = try load()
      loaded = functions
      return functions
    }
  }
}
