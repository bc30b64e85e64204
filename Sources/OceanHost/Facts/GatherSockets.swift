import Glibc
import OceanAccess
import OceanCompiler

extension Facts {
  /// Connects to the sockets of account sources, and reads how they greet. None is asked about a user.
  static func sockets(_ questions: Set<Socket.Question>, offline: Bool) -> [Socket] {
    questions.sorted { ($0.path, $0.use.rawValue) < ($1.path, $1.use.rawValue) }.map { question in
      offline ? Socket(question, .notAsked, reason: "offline") : Socket(asking: question)
    }
  }
}

extension Facts.Socket {
  fileprivate init(asking question: Question) {
    var status = stat()
    guard stat(question.path, &status) == 0 else {
      self.init(question, errno == EACCES ? .notPermitted : .missing)
      return
    }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      self.init(question, .otherFile)
      return
    }
    guard access(question.path, W_OK) == 0 else {
      self.init(question, .notPermitted)
      return
    }
    do throws(BackendError) {
      switch question.use {
      case .saslauthd: try SocketProbe.saslauthd(question.path)
      case .dovecotAuth: try SocketProbe.dovecotAuth(question.path)
      case .dovecotUsers: try SocketProbe.dovecotUsers(question.path)
      }
      self.init(question, .answering)
    } catch {
      switch error {
      case .nonsense(let reason): self.init(question, .unsuitable, reason: reason)
      default: self.init(question, .away, reason: error.reason)
      }
    }
  }
}
