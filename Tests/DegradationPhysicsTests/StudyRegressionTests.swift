import BatteryData
import CellModel
import Foundation
import Testing

@testable import DegradationPhysics
