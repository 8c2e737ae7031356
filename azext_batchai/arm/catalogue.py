"""Names that Azure published: VM sizes and regions that Batch AI was offered for. Offered on Tab, never demanded."""
from __future__ import annotations

LOCATIONS = ('australiaeast', 'brazilsouth', 'canadacentral', 'centralindia', 'centralus', 'eastasia', 'eastus',
             'eastus2', 'francecentral', 'japaneast', 'koreacentral', 'northcentralus', 'northeurope', 'southcentralus',
             'southeastasia', 'uksouth', 'westcentralus', 'westeurope', 'westus', 'westus2')

VM_SIZES = (
    'Standard_D1', 'Standard_D2', 'Standard_D3', 'Standard_D4', 'Standard_D11', 'Standard_D12', 'Standard_D13',
    'Standard_D14', 'Standard_D1_v2', 'Standard_D2_v2', 'Standard_D3_v2', 'Standard_D4_v2', 'Standard_D5_v2',
    'Standard_D2_v3', 'Standard_D4_v3', 'Standard_D8_v3', 'Standard_D16_v3', 'Standard_D32_v3', 'Standard_D64_v3',
    'Standard_F2', 'Standard_F4', 'Standard_F8', 'Standard_F16', 'Standard_H8', 'Standard_H16', 'Standard_H16m',
    'Standard_H16mr', 'Standard_H16r', 'Standard_NC6', 'Standard_NC12', 'Standard_NC24', 'Standard_NC24r',
    'Standard_NC6s_v2', 'Standard_NC12s_v2', 'Standard_NC24s_v2', 'Standard_NC24rs_v2', 'Standard_NC6s_v3',
    'Standard_NC12s_v3', 'Standard_NC24s_v3', 'Standard_NC24rs_v3', 'Standard_ND6s', 'Standard_ND12s',
    'Standard_ND24s', 'Standard_ND24rs', 'Standard_NV6', 'Standard_NV12', 'Standard_NV24')
