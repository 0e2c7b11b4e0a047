"""The per-cycle map of the sulfide physics in Python: the same states, equations, end-point search, quadrature and
step schedule as the Swift model, for Li-In cells under plain cycling.

One source gives two rivals: `build(vector)` works on NumPy arrays with all cells side by side, `build(scalar)` is
compiled by Numba and takes one cell after another.
"""

from collections import namedtuple
from types import SimpleNamespace

import numpy as np

F, RG, T0 = 96485.33212, 8.314462618, 298.15
NODES = 2048
LOW, HIGH = 0.02, 0.9985

Cell = namedtuple(
    "Cell",
    "i i_end thermal upper lower upper_li rest full area_g radius anode_q exchange rs_kinetic diffusion d_lo x_k w_k "
    "separator catholyte q_block electronic rho_i r_coat r_scl r_an rho_an f0 phi0 kap0 delta0 theta0 beta patches "
    "threshold threshold_w isolation crack_d conformity rough_smooth smoothing gap ratchet shake k_f m_f c_d c_j p_a p_b "
    "s_eps e1 e2 x_h w_h h_sat h_scale k_cr c_stress chi k_r d_p alpha u_ref c_ox c_open d_pass leak chi_s chi_se tau_s "
    "u_on w_on k_q q_pass c_o donated k_rs x_on w_x d_os wear wear_ox k_h k_an d_an an_sat an_li lam0 p_s p_ref i_cc i_s "
    "q_thr v_close tau_p p_final pressure lithium0",
)
State = namedtuple("State", "f w kap delta scl q rs theta dan void li hazard p t")
Drive = namedtuple("Drive", "chemical oxidation oxygen strain duration")
Rates = namedtuple("Rates", "f w heal kap k d scl q rs theta k_an d_an close hazard t")


def cells_from(table, c_rate=0.2, temperature=298.15, pressure=50e6, upper=4.3, lower=2.5, loading=0.1):
    """Coefficients of the cells of `PhysicsBenchmark --cells`, one array each."""
    p = SimpleNamespace(**{k: np.asarray(v, float) for k, v in table.items()})
    one = np.ones_like(p.tortuosity_factor)
    arrhenius = lambda e: np.exp(-e / RG * (1 / temperature - 1 / T0))
    thermal = RG * temperature / F * one
    i = c_rate * 200 * loading * one
    full = loading * p.theoretical_capacity_ah_kg
    conduction = arrhenius(p.conductivity_activation_j_mol)
    sigma = p.conductivity_s_m * conduction
    layer = loading / (p.cathode_density_kg_m3 * p.active_volume_fraction)
    isolation = p.crack_isolation
    f0 = p.initial_contact_fraction
    phi0 = (1 - (1 - f0) ** p.contact_patches) * (1 - isolation * p.initial_crack_density)
    saturation = 1 / p.collapse_saturation
    chemistry = arrhenius(p.interphase_activation_j_mol)
    anode_q = full * p.anode_capacity_ratio
    return Cell(
        i=i, i_end=i * 0.2, thermal=thermal, upper=(upper - 0.62) * one, lower=(lower - 0.62) * one,
        upper_li=upper * one, rest=1200 * one, full=full,
        area_g=3 * loading / (p.cathode_density_kg_m3 * p.particle_radius_m), radius=p.particle_radius_m,
        anode_q=anode_q, exchange=p.exchange_current_a_m2 * arrhenius(p.exchange_activation_j_mol),
        rs_kinetic=1 / p.rock_salt_kinetic_m,
        diffusion=p.diffusivity_m2_s * arrhenius(p.diffusion_activation_j_mol) * p.site_concentration_mol_m3 * 5 * F
        / p.particle_radius_m,
        d_lo=p.low_diffusion_factor, x_k=p.low_diffusion_content, w_k=1 / p.low_diffusion_width,
        separator=p.separator_thickness_m / sigma,
        catholyte=layer * p.tortuosity_factor / (3 * sigma * p.electrolyte_volume_fraction),
        q_block=p.oxidation_blocking, electronic=p.electronic_resistance_ohm_m2,
        rho_i=p.interphase_resistivity_ohm_m / conduction, r_coat=p.coating_resistance_ohm_m2,
        r_scl=p.space_charge_resistance_ohm_m2, r_an=p.anode_resistance_ohm_m2,
        rho_an=p.anode_resistivity_ohm_m / conduction, f0=f0, phi0=phi0, kap0=p.initial_crack_density,
        delta0=p.initial_interphase_m, theta0=p.initial_coverage, beta=p.contact_weibull_shape,
        patches=p.contact_patches, threshold=p.percolation_threshold, threshold_w=1 / p.percolation_width,
        isolation=isolation, crack_d=p.crack_diffusion_gain,
        conformity=p.particle_radius_m / p.conformity_modulus_pa, rough_smooth=p.gap_smoothing_m / p.roughness_m,
        smoothing=p.gap_smoothing_m, gap=p.gap_share * p.particle_radius_m / 3, ratchet=p.gap_ratchet,
        shake=1 / p.shake_down_cycles, k_f=p.fatigue_rate_per_cycle, m_f=p.fatigue_strain_exponent,
        c_d=p.fatigue_interphase_gain / 20e-9, c_j=p.fatigue_current_gain_m2_a,
        p_a=p.fatigue_pressure_pa, p_b=p.fatigue_pressure_offset_pa,
        s_eps=p.strain_scale, e1=p.strain_linear, e2=p.strain_collapse, x_h=p.collapse_content,
        w_h=1 / p.collapse_width, h_sat=saturation,
        h_scale=(np.exp((p.collapse_content - 0.236) / p.collapse_width) - 1) * saturation + 1,
        k_cr=p.crack_rate_per_cycle * p.crack_morphology_factor, c_stress=p.crack_diffusion_stress,
        chi=p.crack_surface_gain, k_r=p.interphase_reaction_m_s * chemistry,
        d_p=p.interphase_diffusion_m2_s * chemistry, alpha=p.interphase_potential_factor / thermal,
        u_ref=p.interphase_reference_potential_v, c_ox=p.interphase_oxidation_weight,
        c_open=p.interphase_oxidation_opening, d_pass=1 / p.interphase_passivation_m, leak=p.coating_leak,
        chi_s=p.space_charge_shielding, chi_se=p.space_charge_electrolyte_shielding, tau_s=1 / p.space_charge_time_s,
        u_on=p.oxidation_onset_v, w_on=1 / p.oxidation_width_v,
        k_q=p.oxidation_rate_per_s * chemistry * np.maximum(p.carbon_gain * (p.carbon_area - 1) + 1, 0),
        q_pass=1 / p.oxidation_passivation, c_o=p.oxygen_gain / 1e-15,
        donated=p.oxidation_electrons * p.electrolyte_volume_fraction * layer * p.electrolyte_density_kg_m3
        / p.electrolyte_molar_mass_kg_mol,
        k_rs=p.rock_salt_rate_m_s * arrhenius(p.rock_salt_activation_j_mol), x_on=p.oxygen_loss_content,
        w_x=1 / p.oxygen_loss_width, d_os=p.rock_salt_passivation_m, wear=p.coating_wear_per_cycle,
        wear_ox=p.coating_wear_per_s,
        k_h=p.healing_rate_per_cycle / (1 + np.exp((lower - p.healing_potential_v) * 10)),
        k_an=p.anode_reaction_m_s * chemistry, d_an=p.anode_diffusion_m2_s * chemistry, an_sat=1 / p.anode_saturation_m,
        an_li=p.anode_interphase_lithium_mol_m3, lam0=p.short_rate_per_s, p_s=1 / p.short_pressure_pa,
        p_ref=1 / p.void_pressure_pa, i_cc=p.short_current_a_m2, i_s=1 / p.short_current_width_a_m2,
        q_thr=1 / p.short_capacity_ah_m2, v_close=p.void_closure_per_cycle, tau_p=1 / p.pressure_relaxation_s,
        p_final=p.pressure_final_share, pressure=pressure * one,
        lithium0=(full * phi0 * 0.9985 + anode_q * p.anode_initial_content) * 3600 / F)


def half_cell():
    """Nodes of U(x): value and slope times spacing."""
    x_j = np.array([0.10421, 0.08346, 0.46456, 0.05499, 0.29279])
    u_j = np.array([3.61858, 3.73292, 3.95776, 4.19188, 4.44168])
    w_j = np.array([1.12275, 1.15302, 7.45386, 0.41595, 17.31076])
    f = F / RG / T0

    def content(u):
        e = np.exp(np.clip(f * (u[:, None] - u_j) / w_j, -200, 200))
        return (x_j / (1 + e)).sum(1), -(x_j * f / w_j * e / (1 + e) ** 2).sum(1)

    x = np.linspace(LOW, HIGH, NODES)
    low, high = np.full(NODES, 1.0), np.full(NODES, 7.0)
    for _ in range(60):
        middle = 0.5 * (low + high)
        above = content(middle)[0] > x
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    u = 0.5 * (low + high)
    slope = (HIGH - LOW) / (NODES - 1) / content(u)[1]
    return np.append(u, u[-1]), np.append(slope, slope[-1])


POTENTIAL, SLOPE = half_cell()
GAUSS = [(0.5 - 0.5 * x, 0.5 * w) for x, w in zip(*np.polynomial.legendre.leggauss(8))]


def step_at(age):
    return 1 if age < 10 else min(2 + age // 20, 10)


def build(jit, search):
    """The functions of the map. `jit` compiles a function, `search(voltage)` makes a root finder of one."""
    potential, slopes = POTENTIAL, SLOPE
    scale = (NODES - 1) / (HIGH - LOW)
    nodes = np.array([n for n, _ in GAUSS])
    weights = np.array([w for _, w in GAUSS])

    @jit
    def between(x, low, high):
        return np.minimum(np.maximum(x, low), high)

    @jit
    def softplus(z):
        return np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))

    @jit
    def lookup(x):
        at = (between(x, LOW, HIGH) - LOW) * scale
        k = np.int64(at)
        t = at - k
        v0, s0, v1, s1 = potential[k], slopes[k], potential[k + 1], slopes[k + 1]
        rise = v1 - v0
        c2 = rise * 3 - (s0 * 2 + s1)
        c3 = (s0 + s1) - rise * 2
        return ((c3 * t + c2) * t + s0) * t + v0, ((c3 * 3 * t + c2 * 2) * t + s0) * scale

    @jit
    def electrode(c, s):
        """f, φ, area, capacity, lithium, ohmic, interfacial, 1/(4 a i₀), shift per current, resistance."""
        f = between(s.f * np.exp(-np.maximum(s.w, 1e-300) ** c.beta), 1e-4, 1.0)
        gate = (np.exp((c.threshold - 1) * c.threshold_w) + 1) / (
            np.exp(np.minimum((c.threshold - f / c.f0) * c.threshold_w, 700.0)) + 1)
        phi = (1 - np.exp(c.patches * np.log(1 - np.minimum(f, 1 - 1e-15)))) * np.minimum(gate, 1.0)
        phi = phi * (1 - c.isolation * s.kap)
        area = c.area_g * np.maximum(f * phi, 1e-9)
        core = 1 - np.minimum(s.rs * (s.kap * 2 + 1) / c.radius, 0.9)
        capacity = c.full * phi * core * core * core
        total = s.li * (F / 3600)
        lithium = total - np.minimum(0.6 * (c.full * c.phi0 - capacity), total)
        exchange = 0.25 / (c.exchange * np.exp(-np.minimum(s.rs * c.rs_kinetic, 30.0)) * area)
        per_current = (c.crack_d * s.kap + 1) / (c.diffusion * area)
        interfacial = (c.rho_i * s.delta + s.theta * c.r_coat + c.r_scl * s.scl) / area
        catholyte = c.catholyte / np.maximum(1 - s.q, 1e-3) ** c.q_block
        ohmic = c.separator + catholyte + interfacial + (c.r_an + c.rho_an * s.dan) / (1 - s.void) + c.electronic
        return f, phi, area, capacity, lithium, ohmic, interfacial, exchange, per_current, ohmic + 4 * c.thermal * exchange

    @jit
    def shift(c, e, i, x):
        z = np.exp(np.minimum((x - c.x_k) * c.w_k, 60.0))
        inverse = 1 / (c.d_lo * z + 1)
        value = i * e[8] * inverse * (z + 1)
        return value, i * e[8] * inverse * inverse * z * (1 - c.d_lo) * c.w_k

    @jit
    def overpotential(c, e, i, x):
        site = np.maximum(x * (1 - x), 1e-6)
        k = i * e[7]
        root = np.sqrt(k * k + site)
        return c.thermal * np.log((k + root) ** 2 / site), c.thermal * k / root * (x * 2 - 1) / site

    @jit
    def anode(c, e, x):
        y = (e[4] - x * e[3]) / c.anode_q
        content = between(y, -0.03, 1.03)
        rise = 0.7 * np.exp(content * (-1 / 0.015))
        inside = (y > -0.03) & (y < 1.03)
        return 0.62 + rise, rise / 0.015 * e[3] / c.anode_q * inside

    @jit
    def charge(c, e, x):
        move, bend = shift(c, e, c.i_end, np.minimum(x, 0.8))
        inside = between(x - move, 1e-4, 0.9999)
        u, du = lookup(inside)
        eta, deta = overpotential(c, e, c.i_end, inside)
        n, dn = anode(c, e, x)
        return u + eta + c.i_end * e[5] - n - c.upper, (du + deta) * (1 - bend * (x <= 0.8)) - dn

    @jit
    def discharge(c, e, x):
        move, bend = shift(c, e, c.i, x)
        surface = x + move
        inside = between(surface, 1e-4, 0.9999)
        u, du = lookup(inside)
        eta, deta = overpotential(c, e, c.i, inside)
        n, dn = anode(c, e, x)
        beyond = surface > 0.9999
        follows = (du - deta) * (1 - beyond) - 50.0 * beyond
        over = np.maximum(surface - 0.9999, 0.0) * 50
        return u - eta - c.i * e[5] - over - n - c.lower, follows * (bend + 1) - dn

    charged_end, discharged_end = search(charge), search(discharge)

    @jit
    def drive(c, e, x_c, x_d, q):
        span = x_d - x_c
        drop = c.i * e[6]
        chemical = 0.0 * q
        oxidation = 0.0 * q
        oxygen = 0.0 * q
        for n in range(8):
            x = x_c + span * nodes[n]
            surface = between(x - shift(c, e, c.i, np.minimum(x, 0.8))[0], 0.01, 0.999)
            up = np.minimum(lookup(surface)[0] + overpotential(c, e, c.i, surface)[0] + drop, c.upper_li)
            rest = lookup(x)[0]
            half = 0.5 * weights[n]
            chemical = chemical + half * (np.exp(c.alpha * (up - c.u_ref)) + np.exp(c.alpha * (rest - c.u_ref)))
            oxidation = oxidation + half / 0.6931471805599453 * (
                softplus((up - c.u_on) * c.w_on) + softplus((rest - c.u_on) * c.w_on))
            oxygen = oxygen + half * (softplus((c.x_on - surface) * c.w_x) + softplus((c.x_on - x) * c.w_x))
        free_c = np.exp(np.minimum(np.maximum(c.x_h - x_c, 0.0) * c.w_h, 60.0)) - 1
        free_d = np.exp(np.minimum(np.maximum(c.x_h - x_d, 0.0) * c.w_h, 60.0)) - 1
        swing = (free_c / (free_c * c.h_sat + 1) - free_d / (free_d * c.h_sat + 1)) * c.h_scale
        strain = c.s_eps * (c.e1 * span + c.e2 * swing)
        return Drive(chemical, oxidation, oxygen, strain, 2 / c.i * q * 1.05 * 3600 + c.rest)

    @jit
    def rates(c, s, e, d, q):
        relative = d.strain * 20
        gap = c.gap * d.strain * (c.ratchet * np.minimum(s.w, 1e3) + 1)
        target = c.f0 * np.exp(-c.rough_smooth * softplus((gap - c.conformity * s.p) / c.smoothing))
        pressure = c.p_a / (s.p + c.p_b) + 1
        w = c.k_f * np.maximum(relative, 1e-300) ** c.m_f * (c.c_d * s.delta + 1) * (c.c_j * c.i / e[2] + 1) * pressure
        stress = relative * (c.c_stress * np.minimum(shift(c, e, c.i, 0.6 + 0.0 * q)[0], 1.0) + 1)
        growth = (d.chemical + c.c_ox * d.oxidation) * (1 - s.theta + s.theta * c.leak) * (c.chi * s.kap + 1)
        closing = np.exp(-c.d_pass * s.delta) + c.c_open * d.oxidation
        rs = c.k_rs * d.oxygen * (1 - 0.5 * s.theta) * (s.kap + 1)
        ox = c.k_q * d.oxidation * (1 - 0.7 * s.theta) * (c.c_o * rs / (s.rs / c.d_os + 1) + 1) / (s.q * c.q_pass + 1)
        left = np.maximum(1 - s.dan * c.an_sat, 0.0)
        crowding = np.minimum((s.p - 5e6) * c.p_s, 60.0) + np.minimum((c.i / (1 - s.void) - c.i_cc) * c.i_s, 15.0)
        hazard = c.lam0 * np.exp(crowding) * np.maximum((q * c.q_thr) ** 2, 1.0)
        return Rates(
            target, w, c.k_h * s.q / (s.q + 0.02), c.k_cr * stress ** 3, c.k_r * growth, c.d_p * growth * closing,
            (1 - s.theta * c.chi_s) * (1 - c.chi_se), ox, rs,
            c.wear * relative ** 2 + c.wear_ox * d.oxidation * d.duration, c.k_an * left, c.d_an * left,
            c.v_close * s.p * c.p_ref, hazard, d.duration)

    @jit
    def averaged(a, b):
        return Rates(
            0.5 * (a.f + b.f), 0.5 * (a.w + b.w), 0.5 * (a.heal + b.heal), 0.5 * (a.kap + b.kap), 0.5 * (a.k + b.k),
            0.5 * (a.d + b.d), 0.5 * (a.scl + b.scl), 0.5 * (a.q + b.q), 0.5 * (a.rs + b.rs), 0.5 * (a.theta + b.theta),
            0.5 * (a.k_an + b.k_an), 0.5 * (a.d_an + b.d_an), 0.5 * (a.close + b.close), 0.5 * (a.hazard + b.hazard),
            0.5 * (a.t + b.t))

    @jit
    def grown(length, k, d, t):
        growth = 2 * d * t
        b = length + d / np.maximum(k, 1e-300)
        return length + growth / np.maximum(b + np.sqrt(b * b + growth), 1e-300)

    @jit
    def advance(c, s, r, n):
        t = r.t * n
        healed = np.maximum(r.heal * n, 1e-12)
        w = s.w * np.exp(-r.heal * n) + r.w * n * (-np.expm1(-healed) / healed)
        odds = (c.kap0 + s.kap) / (1 - s.kap) * np.exp(np.minimum(r.kap * n * (c.kap0 + 1), 60.0))
        kap = between((odds - c.kap0) / (odds + 1), 0.0, 1 - 1e-9)
        q = np.minimum(1 - (1 - s.q) * np.exp(-r.q * t), 0.999)
        dan = grown(s.dan, r.k_an, r.d_an, t)
        li = s.li + (q - s.q) * c.donated - np.minimum((dan - s.dan) * c.an_li, s.li)
        level = c.pressure * c.p_final
        return State(
            r.f + (s.f - r.f) * np.exp(-n * c.shake), w, kap, grown(s.delta, r.k, r.d, t),
            r.scl + (s.scl - r.scl) * np.exp(-t * c.tau_s), q,
            np.minimum(grown(s.rs, r.rs, r.rs * c.d_os, t), 0.9 * c.radius), s.theta * np.exp(-r.theta * n), dan,
            s.void * np.exp(-r.close * n), li, s.hazard + np.minimum(r.hazard * t, 1e30),
            level + (s.p - level) * np.exp(-t * c.tau_p), s.t + t)

    @jit
    def fresh(c):
        zero = 0.0 * c.f0
        return State(
            c.f0 + zero, zero, c.kap0 + zero, c.delta0 + zero, zero, zero, zero, c.theta0 + zero, 1e-9 + zero, zero,
            c.lithium0 + zero, zero, c.pressure + zero, zero)

    @jit
    def life(c, cycles, ages, states, curve_ages, curves):
        """Capacity at the first and the last cycle; states and discharge curves at the ages asked for."""
        s = fresh(c)
        x_c = 0.24 + 0.0 * c.f0
        x_d = 0.92 + 0.0 * c.f0
        first = 0.0 * c.f0
        age, a, b = 0, 0, 0
        while True:
            e = electrode(c, s)
            x_c = charged_end(c, e, x_c)
            x_d = np.maximum(discharged_end(c, e, x_d), x_c)
            q = e[3] * (x_d - x_c)
            if age == 1:
                first = q
            if a < len(ages) and age == ages[a]:
                for k in range(14):
                    states[a, k] = s[k]
                states[a, 14] = q
                states[a, 15] = e[9]
                a += 1
            if b < len(curve_ages) and age == curve_ages[b]:
                for k in range(curves.shape[1]):
                    curves[b, k] = discharge(c, e, x_c + (x_d - x_c) * (k / (curves.shape[1] - 1)))[0] + c.lower
                b += 1
            if age >= cycles:
                return first, q
            n = 1 if age < 10 else min(2 + age // 20, 10)
            n = min(n, cycles - age)
            if age < 1:
                n = min(n, 1)
            if a < len(ages):
                n = min(n, ages[a] - age)
            if b < len(curve_ages):
                n = min(n, curve_ages[b] - age)
            r = rates(c, s, e, drive(c, e, x_c, x_d, q), q)
            ahead = advance(c, s, r, n)
            later = electrode(c, ahead)
            y_c = charged_end(c, later, x_c)
            y_d = np.maximum(discharged_end(c, later, x_d), y_c)
            p = later[3] * (y_d - y_c)
            r = averaged(r, rates(c, ahead, later, drive(c, later, y_c, y_d, p), p))
            s = advance(c, s, r, n)
            x_c, x_d = y_c, y_d
            age += n

    return life


def vector_search(voltage):
    """Safeguarded Newton on all cells side by side, each frozen once it has converged."""

    def find(c, e, start):
        x = np.clip(start, LOW, HIGH)
        low, high = np.full_like(x, LOW), np.full_like(x, HIGH)
        active = np.ones(x.shape, bool)
        for _ in range(60):
            excess, slope = voltage(c, e, x)
            above = excess > 0
            low = np.where(active & above, x, low)
            high = np.where(active & ~above, x, high)
            active &= ~((above & (x >= HIGH)) | (~above & (x <= LOW)))
            newton = x - excess / slope
            halving = ~((newton > low) & (newton < high))
            following = np.where(halving, 0.5 * (low + high), newton)
            following = np.where((newton >= HIGH) & (high >= HIGH), HIGH, following)
            following = np.where((newton <= LOW) & (low <= LOW), LOW, following)
            step = np.abs(following - x)
            x = np.where(active, following, x)
            active &= ~(step < np.where(halving, 1e-12, 1e-6))
            if not active.any():
                break
        return x

    return find


def compiled():
    """The map by Numba, one cell after another on the threads of `prange`."""
    import numba
    from numba import njit, prange

    def scalar_search(voltage):
        @njit
        def find(c, e, start):
            x = min(max(start, LOW), HIGH)
            low, high = LOW, HIGH
            for _ in range(60):
                excess, slope = voltage(c, e, x)
                if excess > 0:
                    low = x
                    if x >= HIGH:
                        return x
                else:
                    high = x
                    if x <= LOW:
                        return x
                newton = x - excess / slope
                halving = not (newton > low and newton < high)
                following = 0.5 * (low + high) if halving else newton
                if newton >= HIGH and high >= HIGH:
                    following = HIGH
                if newton <= LOW and low <= LOW:
                    following = LOW
                step = abs(following - x)
                x = following
                if step < (1e-12 if halving else 1e-6):
                    break
            return x

        return find

    life = build(njit, scalar_search)
    # A named tuple of one column, spelt out because Numba fixes the length of a tuple when it compiles.
    scope = {"Cell": Cell}
    exec(f"def pick(t, k): return Cell({', '.join(f't[{j}, k]' for j in range(len(Cell._fields)))})", scope)
    pick = njit(scope["pick"])

    @njit(parallel=True)
    def run(table, cycles, ages, curve_ages, points):
        count = table.shape[1]
        ends = np.zeros((count, 2))
        states = np.zeros((count, len(ages), 16))
        curves = np.zeros((count, len(curve_ages), points))
        for k in prange(count):
            first, last = life(pick(table, k), cycles, ages, states[k], curve_ages, curves[k])
            ends[k, 0] = first
            ends[k, 1] = last
        return ends, states, curves

    def start(cells):
        table = np.stack(cells)
        return lambda cycles, ages, curve_ages, points: run(table, cycles, ages, curve_ages, points)

    return start, numba.set_num_threads


def vectorised(cells):
    """The map by NumPy, all cells side by side."""
    life = build(lambda f: f, vector_search)
    count = len(cells.f0)

    def start(cycles, ages, curve_ages, points):
        states = np.zeros((len(ages), 16, count))
        curves = np.zeros((len(curve_ages), points, count))
        first, last = life(cells, cycles, ages, states, curve_ages, curves)
        return np.stack([first, last], -1), states, curves

    return start
