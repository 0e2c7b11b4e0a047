#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
import Synchronization

/// Threads that help one caller with numbered items of work, for loops too short for tasks.
///
/// Items are claimed from a counter by whoever is there. The caller works too and waits only for helpers that have
/// begun, so a helper the machine has no core for costs nothing. What an item does must not depend on who does it.
///
/// Without locks: `job` and `items` are written only while no job is open and no helper is inside, and read only by helpers
/// that counted themselves in and then found the job still open.
final class HelperPool {
  /// Number of threads, the caller included.
  let width: Int
  /// Number of the job, times 2, plus 1 while it is open.
  private let state = Atomic<Int>(0)
  private let inside = Atomic<Int>(0)
  private let next = Atomic<Int>(0)
  private let parked = Atomic<Int>(0)
  private let started = Atomic<Int>(0)
  private let stopping = Atomic<Bool>(false)
  private var items = 0
  private var job: ((Int, Int) -> Void)?
  private var threads: [pthread_t] = []
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// A pool of `width` threads; those that cannot be made are done without.
  init(width: Int) {
    self.width = max(1, width)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
    for _ in 1..<max(1, self.width) {
      var thread = pthread_t()
      let failed = pthread_create(
        &thread, nil,
        { pointer in
          if let pointer { Unmanaged<HelperPool>.fromOpaque(pointer).takeUnretainedValue().help() }
          return nil
        }, Unmanaged.passUnretained(self).toOpaque())
      if failed == 0 { threads.append(thread) }
    }
  }

  deinit {
    stopping.store(true, ordering: .sequentiallyConsistent)
    wake()
    for thread in threads { pthread_join(thread, nil) }
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Does items 0..<count; `body` gets the item and the number of the thread, below `width`.
  func run(_ count: Int, _ body: (_ item: Int, _ thread: Int) -> Void) {
    if threads.isEmpty || count <= 1 {
      for item in 0..<count { body(item, 0) }
      return
    }
    withoutActuallyEscaping(body) { body in
      job = body
      items = count
      next.store(0, ordering: .relaxed)
      let number = state.load(ordering: .relaxed) >> 1
      state.store((number &+ 1) << 1 | 1, ordering: .sequentiallyConsistent)
      if parked.load(ordering: .sequentiallyConsistent) > 0 { wake() }
      work(body, count, thread: 0)
      state.store((number &+ 1) << 1, ordering: .sequentiallyConsistent)
      var spins = 0
      while inside.load(ordering: .sequentiallyConsistent) != 0 {
        spins &+= 1
        if spins > 2000 { sched_yield() }
      }
      job = nil
    }
  }

  private func work(_ body: (Int, Int) -> Void, _ count: Int, thread: Int) {
    while true {
      let item = next.add(1, ordering: .relaxed).oldValue
      if item >= count { return }
      body(item, thread)
    }
  }

  private func wake() {
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  /// The life of a helper: wait for a job about 20 µs in a loop, a while yielding, then asleep.
  private func help() {
    let thread = started.add(1, ordering: .relaxed).newValue
    var last = 0
    var spins = 0
    while !stopping.load(ordering: .acquiring) {
      let now = state.load(ordering: .acquiring)
      guard now != last && now & 1 == 1 else {
        spins &+= 1
        if spins > 20_050 {
          park(after: last)
          spins = 0
        } else if spins > 20_000 {
          sched_yield()
        }
        continue
      }
      spins = 0
      inside.add(1, ordering: .sequentiallyConsistent)
      if state.load(ordering: .sequentiallyConsistent) == now, let job { work(job, items, thread: thread) }
      last = now
      inside.subtract(1, ordering: .sequentiallyConsistent)
    }
  }

  private func park(after last: Int) {
    pthread_mutex_lock(mutex)
    parked.add(1, ordering: .sequentiallyConsistent)
    while true {
      let now = state.load(ordering: .sequentiallyConsistent)
      if (now != last && now & 1 == 1) || stopping.load(ordering: .sequentiallyConsistent) { break }
      pthread_cond_wait(condition, mutex)
    }
    parked.subtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(mutex)
  }
}
